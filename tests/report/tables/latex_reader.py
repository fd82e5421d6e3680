"""A strict reader of the LaTeX that tables are written as: whatever TeX would stumble over is an error."""

import re

# What pdfLaTeX and booktabs define and the tables use.
COMMANDS = {
    "begin", "end", "centering", "footnotesize", "scriptsize", "caption", "label", "toprule", "midrule", "bottomrule",
    "shortstack", "medskip", "parbox", "linewidth", "textbackslash", "textasciitilde", "textasciicircum", "textless",
    "textgreater", "textbar", "ldots", "char", "pm", "times", "cdot", "infty", "geq", "leq", "to",
}  # fmt: skip
MATHS = {"pm", "times", "cdot", "infty", "geq", "leq", "to"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}$&~#^_%\[\]*]|[^\\{}$&~#^_%\[\]*]", re.DOTALL)
_PLAIN = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">",
    "textbar": "|", "ldots": "…",
}  # fmt: skip


def tokens(text):
    """The tokens; braces, mathematics and environments are balanced, and no sign is a command by mistake."""
    found, braces, maths, open_ones = [], 0, False, []
    lines = [line for line in text.split("\n") if not line.startswith("%")]
    for token in _TOKEN.findall("\n".join(lines)):
        found.append(token)
        if token == "{":
            braces += 1
        elif token == "}":
            braces -= 1
            assert braces >= 0, "a brace is closed that was not opened"
        elif token == "$":
            maths = not maths
        elif token in "#^_%":
            raise AssertionError(f"{token} is not escaped")
        elif re.fullmatch(r"\\[A-Za-z]+", token):
            assert token[1:] in COMMANDS, f"{token} is not known"
            assert (token[1:] in MATHS) == maths, f"{token} in the wrong mode"
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", "\n".join(lines)):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert (braces, maths, open_ones) == (0, False, [])
    return found


def rows(text):
    """The cells of each ``tabular``, as LaTeX; each row has as many as there are columns."""
    tokens(text)
    tables = []
    for columns, body in re.findall(r"\\begin\{tabular\}\{(l?r*)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL):
        lines = [line for line in body.split("\n") if line and not re.fullmatch(r"\\(top|mid|bottom)rule", line)]
        table = []
        for line in lines:
            assert line.endswith(r" \\")
            cells = [cell.strip() for cell in re.split(r"(?<!\\)&", line[: -len(r" \\")])]
            assert len(cells) == len(columns)
            assert not cells[0].startswith(("[", "*")), "TeX takes it for an argument of the row's end before"
            table.append(cells)
        tables.append(table)
    return tables


def shown(latex):
    """What a reader sees of escaped text."""
    text = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|ldots)\{\}",
                  lambda match: f"\0{_PLAIN[match[1]]}\0", latex)  # fmt: skip
    text = text.replace(r"{\char34}", '"').replace("{[}", "[").replace("{]}", "]").replace("{*}", "*")
    text = re.sub(r"\\([{}&%$#_])", r"\1", text)
    return text.replace("\0", "")
