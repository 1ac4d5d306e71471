"""Go's text/template: a lexer, a parser, an executor, and the functions that every template has. It knows no Kubernetes.

`templates.parse` makes templates of a text, `templates.TemplateSet` holds those of many, `execute.execute` prints one, and
`execute.Execution` prints many that share functions and bounds. `gofmt` has the texts of values.

Source: Go 1.26 text/template and fmt.
"""
