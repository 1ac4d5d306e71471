"""Go's text/template: a lexer, a parser, an executor, and the functions that every template has. It knows no Kubernetes.

Source: Go 1.26 text/template and fmt.
"""
