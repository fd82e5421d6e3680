"""Files, locks, signals, streams and redaction: what all commands share."""

from typing import TYPE_CHECKING

from xraykit.system.lazy import lazy_names as lazy_names

if TYPE_CHECKING:
    from xraykit.system.atomic import atomic_file as atomic_file
    from xraykit.system.atomic import atomic_folder as atomic_folder
    from xraykit.system.atomic import publish as publish
    from xraykit.system.atomic import write_atomically as write_atomically
    from xraykit.system.command_line import check_ending as check_ending
    from xraykit.system.command_line import check_folder_name as check_folder_name
    from xraykit.system.command_line import file_path as file_path
    from xraykit.system.command_line import home_expanded as home_expanded
    from xraykit.system.command_line import run_command as run_command
    from xraykit.system.command_line import show_message as show_message
    from xraykit.system.command_line import start_logging as start_logging
    from xraykit.system.command_line import without_stamp as without_stamp
    from xraykit.system.environment import seconds_from as seconds_from
    from xraykit.system.exit_codes import EXIT_CODES as EXIT_CODES
    from xraykit.system.exit_codes import EXIT_DONE as EXIT_DONE
    from xraykit.system.exit_codes import EXIT_ERROR as EXIT_ERROR
    from xraykit.system.exit_codes import EXIT_INTERRUPTED as EXIT_INTERRUPTED
    from xraykit.system.exit_codes import EXIT_PARTLY as EXIT_PARTLY
    from xraykit.system.files import regular_bytes as regular_bytes
    from xraykit.system.files import sha256_of as sha256_of
    from xraykit.system.finders import ImportHook as ImportHook
    from xraykit.system.finders import PackageFinder as PackageFinder
    from xraykit.system.framework import check_framework as check_framework
    from xraykit.system.framework import import_framework as import_framework
    from xraykit.system.invocation import PROGRAM as PROGRAM
    from xraykit.system.invocation import is_own_process as is_own_process
    from xraykit.system.invocation import program as program
    from xraykit.system.invocation import typed as typed
    from xraykit.system.json_files import Each as Each
    from xraykit.system.json_files import Shape as Shape
    from xraykit.system.json_files import json_text as json_text
    from xraykit.system.json_files import read_json as read_json
    from xraykit.system.leftovers import is_temporary as is_temporary
    from xraykit.system.leftovers import remove_leftovers as remove_leftovers
    from xraykit.system.leftovers import temporary_beside as temporary_beside
    from xraykit.system.processes.children import can_run_beside as can_run_beside
    from xraykit.system.processes.children import run_beside as run_beside
    from xraykit.system.processes.deferred import Deferred as Deferred
    from xraykit.system.processes.joining import Processes as Processes
    from xraykit.system.processes.joining import join_processes as join_processes
    from xraykit.system.processes.locks import held_lock as held_lock
    from xraykit.system.processes.locks import try_lock as try_lock
    from xraykit.system.processes.stopping import STOPPING_CALL_SECONDS as STOPPING_CALL_SECONDS
    from xraykit.system.processes.stopping import Stopped as Stopped
    from xraykit.system.processes.stopping import end_at_once as end_at_once
    from xraykit.system.processes.stopping import is_stopping as is_stopping
    from xraykit.system.processes.stopping import last_words as last_words
    from xraykit.system.processes.stopping import stop_signals as stop_signals
    from xraykit.system.records import FileRecord as FileRecord
    from xraykit.system.records import Interval as Interval
    from xraykit.system.records import Record as Record
    from xraykit.system.records import checked as checked
    from xraykit.system.records import read_record as read_record
    from xraykit.system.redaction import masked as masked
    from xraykit.system.redaction import scrubbed as scrubbed
    from xraykit.system.redaction import shown as shown
    from xraykit.system.spreadsheets import csv_text as csv_text
    from xraykit.system.spreadsheets import escape_formula as escape_formula
    from xraykit.system.spreadsheets import table_as_csv as table_as_csv
    from xraykit.system.startup import without_startup_notices as without_startup_notices
    from xraykit.system.terminal.command_parser import CommandParser as CommandParser
    from xraykit.system.terminal.command_parser import wrapped as wrapped
    from xraykit.system.terminal.counting import counted as counted
    from xraykit.system.terminal.display import Displayed as Displayed
    from xraykit.system.terminal.display import with_interval as with_interval
    from xraykit.system.terminal.progress_bars import close_bars as close_bars
    from xraykit.system.terminal.progress_bars import is_terminal as is_terminal
    from xraykit.system.terminal.progress_bars import progress_bar as progress_bar
    from xraykit.system.terminal.results import Result as Result
    from xraykit.system.terminal.results import result_json as result_json
    from xraykit.system.terminal.streams import steady_streams as steady_streams
    from xraykit.system.terminal.text_table import named_rows as named_rows
    from xraykit.system.terminal.text_table import text_table as text_table
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
