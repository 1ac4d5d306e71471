"""Read and write YAML as go-yaml v3 does: as nodes that keep order, style and comments.

go-yaml's scanner and parser decide to which node a comment belongs. No simpler rule gives the same result:

1. The scanner reads two tokens ahead. It records each comment with the offset of the token that the comment belongs to.
   A comment at the end of a line belongs to the token before it. A run of comment lines is a head or a foot: a head
   belongs to the token after it, a foot to the token before it. It is a foot if a blank line, a smaller indentation or
   the end of a flow collection follows.
2. The parser takes the comments up to the offset of the current token. It adds them to the next event that can have
   comments. A head above a list item belongs to the item's content if that is a collection (the stem).
3. The composer moves the foot of a value to its key. The foot of a key in a block mapping moves to the key before it.
4. The emitter prints the foot of a key when the next key starts, because the whole value must be printed first.

The modules that read are `tokens`, `reader`, `comments`, `scalars`, `tags`, `scanner`, `parser` and `compose`. The
modules that write are `analysis`, `writer` and `emitter`.
Source: go.yaml.in/yaml/v3 v3.0.5. The functions have the names of go-yaml's functions.
"""
