(comment) @comment.line
(doc_comment) @comment.block.documentation
(string) @string
(number) @constant.numeric
(size) @constant.numeric
(boolean) @constant.builtin.boolean
["import" "remove"] @keyword.control.import
(field kind: (path) @keyword.storage.type)
(field kind: (path) key: (path) @type)
(field !kind key: (path) @variable.other.member)
(remove (path) @type)
(call function: (name) @function)
(argument name: (name) @variable.other.member)
(pair name: (name) @variable.other.member)
(reference) @constant
["{" "}" "[" "]" "(" ")"] @punctuation.bracket
[":" "."] @punctuation.delimiter
["+" "*"] @operator
