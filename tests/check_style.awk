# check_style.awk: lengths and banned functions of C files; prints violations.

BEGIN {
	COLUMNS_MAX = 100
	TAB_COLUMNS = 8
	FUNCTION_LINES_MAX = 70
	FILE_LINES_MAX = 800
	n = split("strcpy strcat sprintf vsprintf strtok gets atoi atol atoll atof system popen " \
		  "scanf sscanf alloca tmpnam mktemp", word, " ")
	for (i = 1; i <= n; i++)
		banned[word[i]] = 1
}

function complain(line, what) {
	print file ":" line ": " what
}

# Columns as a reader counts them: a tab goes to the next stop, and a byte that
# continues a UTF-8 character takes no place.
function width(text, part, n, i, columns) {
	gsub(/[\200-\277]/, "", text)
	n = split(text, part, "\t")
	for (i = 1; i < n; i++) {
		columns += length(part[i])
		columns += TAB_COLUMNS - columns % TAB_COLUMNS
	}
	return columns + (n ? length(part[n]) : 0)
}

# The line without strings, character constants and comments.
function code(text, end) {
	if (in_comment) {
		end = index(text, "*/")
		if (!end)
			return ""
		in_comment = 0
		text = substr(text, end + 2)
	}
	gsub(/\\\\/, "", text)
	gsub(/\\["']/, "", text)
	gsub(/"[^"]*"/, "\"\"", text)
	gsub(/'[^']*'/, "0", text)
	gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
	sub(/\/\/.*/, "", text)
	end = index(text, "/*")
	if (end) {
		in_comment = 1
		text = substr(text, 1, end - 1)
	}
	return text
}

function check_calls(text, name) {
	while (match(text, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		sub(/[ \t]+$/, "", name)
		if (name in banned)
			complain(FNR, name " is banned")
		text = substr(text, RSTART + RLENGTH)
	}
}

# A function's braces stand in column 1, or its first one ends a line that starts there.
function check_function(text) {
	if (text ~ /^\{/ || (text ~ /^[A-Za-z_].*\).*\{[ \t]*$/ && text !~ /=/))
		opened = FNR
	if (text ~ /^\}/ && opened) {
		if (FNR - opened + 1 > FUNCTION_LINES_MAX)
			complain(opened, "function of " FNR - opened + 1 " lines, at most " \
				 FUNCTION_LINES_MAX)
		opened = 0
	}
}

function end_file() {
	if (lines > FILE_LINES_MAX)
		complain(lines, "file of " lines " lines, at most " FILE_LINES_MAX)
}

FNR == 1 {
	end_file()
	file = FILENAME
	opened = in_comment = 0
}

{
	lines = FNR
	if (width($0) > COLUMNS_MAX)
		complain(FNR, width($0) " columns, at most " COLUMNS_MAX)
	text = code($0)
	check_calls(text)
	check_function(text)
}

END {
	end_file()
}
