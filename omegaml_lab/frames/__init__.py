"""Tables in columnar chunks: Arrow to and from pandas."""
