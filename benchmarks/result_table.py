"""Print the result table of a finished run as Markdown, as the README shows it.

python benchmarks/result_table.py runs/quickstart/20261124-120000
"""

import json
import sys
from pathlib import Path

from xraykit.evaluation import markdown_table

print(markdown_table(json.loads((Path(sys.argv[1]) / "metrics.json").read_text(encoding="utf-8"))))
