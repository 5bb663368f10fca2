(comment) @comment
(doc_comment) @comment.documentation
(string) @string
(number) @number
(size) @number
(boolean) @boolean
["import" "remove"] @keyword
(remove (path) @type)
(field kind: (path) @keyword)
(field kind: (path) key: (path) @type)
(field !kind key: (path) @property)
(call function: (name) @function)
(argument name: (name) @property)
(pair name: (name) @property)
(reference) @constant
["{" "}" "[" "]" "(" ")"] @punctuation.bracket
[":" "."] @punctuation.delimiter
["+" "*"] @operator
