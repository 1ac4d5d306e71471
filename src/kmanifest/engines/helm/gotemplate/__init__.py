"""Go's text/template: a lexer, a parser, an executor, and the built-in functions.

It knows nothing of Kubernetes. `parsers.CachingParser` parses template files.
`templates.TemplateSet` holds the templates of many files. `execute.execute` renders one template.
`execute.Execution` renders many that share functions and limits. `gofmt` formats values as Go's fmt
does.

Source: Go 1.26 text/template and fmt.
"""
