"""YAML as go-yaml v3 reads and writes it: to nodes that keep order, style and comments, and back.

Where a comment hangs follows from how that scanner and parser work, and from nothing simpler:

1. The scanner looks ahead by two tokens. It notes each comment beside the tokens with the offset from which it counts:
   one at the end of a line counts for the token there; a run of lines counts for what follows (a head), or, where a
   blank line, a smaller indentation or the end of a flow collection follows, for what stands before (a foot).
2. The parser takes over the comments that count up to the token it looks at, and gives them to the next event that can
   bear them; a head above a list item whose content is a collection belongs to that collection (the stem).
3. While nodes are built, the foot of a value goes to its key, and that of a key in a block mapping to the key before it.
4. The emitter prints the foot of a key when the next key comes, because all of the value must be printed before.

So `tokens`, `reader`, `comments`, `scalars`, `scanner`, `parser` and `compose` are the way in, `analysis`,
`writer` and `emitter` the way out. Source: go.yaml.in/yaml/v3 v3.0.5; the functions bear its names.
"""
