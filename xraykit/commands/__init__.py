"""The one command line, ``xraykit COMMAND``: the table of all commands, the help page and shell completion.

Importing this package is cheap: a command is imported when it is called.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.commands.help import help_page as help_page
    from xraykit.commands.table import COMMAND as COMMAND
    from xraykit.commands.table import COMMANDS as COMMANDS
    from xraykit.commands.table import Command as Command
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
