"""The command line: ``xraykit serve RUN``."""

import argparse
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import DataError
from xraykit.serve.limits import Limits
from xraykit.system import CommandParser, end_at_once, file_path, home_expanded, run_command

if TYPE_CHECKING:
    from xraykit.serve.network import Network
    from xraykit.serve.prediction_log import PredictionLog

logger = logging.getLogger("xraykit.serve")

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")

_EPILOG = """\
The token is in the environment variable XRAYKIT_SERVE_TOKEN or in --token-file.
Without one, the server answers this machine alone. POST /v1/predict takes
pictures; /docs describes all of it. SIGTERM and Ctrl-C end the server when the
requests that it accepted are answered; the exit code is then 0.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a bundle; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code: 0 when it was stopped, 2 after an error of the user's.
    """
    options = make_parser().parse_args(arguments)
    limits = _limits_of(options)
    # The drain ends before the process is ended by force.
    return run_command(lambda: _serve(options, limits), verbose=options.verbose, stop_seconds=limits.drain_seconds + 10)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser("serve", "Answer requests over HTTP with the network of a run.", _EPILOG)
    parser.add_argument("run", metavar="RUN", type=home_expanded, help="run folder, or a copy of its folder model")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; 0.0.0.0 needs a token (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="port to listen at; 0: any free one (8000)")
    parser.add_argument("--token-file", type=file_path, metavar="FILE", help="file whose only line is the token")
    parser.add_argument(
        "--without-token", action="store_true", help="allow other machines without a token: behind a proxy that checks"
    )
    _add_limits(parser)
    log = parser.add_argument_group("log of predictions")
    log.add_argument("--log-predictions", type=file_path, metavar="FILE", help="append them to FILE, one JSON per line")
    log.add_argument(
        "--log-key-file",
        type=file_path,
        metavar="FILE",
        help="the secret of its hashed ids; made if there is none. Left out: a new one at each start",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16: faster on processors with instructions for it, and less exact (float32)",
    )
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module or .py file first: for a network with its own layers, from a source that you trust",
    )
    parser.add_argument("--verbose", action="store_true", help="more detailed messages, and a line for each request")
    return parser


def _add_limits(parser: argparse.ArgumentParser) -> None:
    usual, group = Limits(), parser.add_argument_group("limits")

    def add(option: str, kind: object, default: float, text: str) -> None:
        group.add_argument(option, type=kind, default=default, metavar="N", help=f"{text} ({default:g})")  # type: ignore[arg-type]

    add("--max-pictures", _whole, usual.pictures, "pictures of a request")
    add("--max-request-mb", _number, usual.request_bytes / 2**20, "MiB of a request")
    add("--max-held-mb", _number, usual.bytes_at_once / 2**20, "MiB of all requests in memory")
    add("--max-megapixels", _number, usual.megapixels, "megapixels of a picture")
    add("--max-waiting", _whole, usual.waiting_pictures, "pictures that wait for the network")
    add("--batch", _whole, usual.batch, "pictures that the network computes at once")
    add("--batch-ms", _number, usual.batch_seconds * 1000, "milliseconds that a batch waits for more pictures")
    add("--decoders", _whole, usual.decoding, "pictures that are decoded at once")
    add("--request-seconds", _number, usual.request_seconds, "seconds to receive and answer a request")
    add("--drain-seconds", _number, usual.drain_seconds, "seconds to answer what was accepted, after SIGTERM")


def _limits_of(options: argparse.Namespace) -> Limits:
    return Limits(
        pictures=options.max_pictures,
        request_bytes=round(options.max_request_mb * 2**20),
        bytes_at_once=round(options.max_held_mb * 2**20),
        megapixels=options.max_megapixels,
        waiting_pictures=options.max_waiting,
        batch=options.batch,
        batch_seconds=options.batch_ms / 1000,
        request_seconds=options.request_seconds,
        decoding=options.decoders,
        drain_seconds=options.drain_seconds,
    )


def _whole(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 100000, received {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a number above 0, received {text!r}")
    return number


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, received {text!r}")
    return int(text)


def _serve(options: argparse.Namespace, limits: Limits) -> int:
    # Mistakes in the arguments are reported before Keras takes its seconds to be imported.
    _check_installed()
    from xraykit.bundle import BundleFolder

    BundleFolder.find(options.run)
    if options.log_key_file is not None and options.log_predictions is None:
        raise DataError("--log-key-file is the secret of --log-predictions FILE, which is missing.")
    if limits.waiting_pictures < limits.pictures:
        raise DataError(
            f"A request may have {limits.pictures} pictures, but only {limits.waiting_pictures} may wait. Expected: "
            f"--max-waiting of {limits.pictures} or more."
        )
    from xraykit.serve.access import Access, is_loopback
    from xraykit.serve.server import bound, run_server
    from xraykit.serve.tokens import find_token

    access = Access.at(options.host, find_token(options.token_file), without_token=options.without_token)
    if access.token is None and not is_loopback(options.host):
        logger.warning(
            "WARNING: everybody who reaches %s, port %d, can send pictures and read the answers: there is no token.",
            options.host,
            options.port,
        )
    log = _log_of(options.log_predictions, options.log_key_file)
    with bound(options.host, options.port) as listening:
        run_server(
            listening,
            lambda: _network(options, limits),
            access,
            limits,
            log,
            logs_requests=options.verbose,
        )
    end_at_once(0)
    return 0


def _network(options: argparse.Namespace, limits: Limits) -> "Network":
    from xraykit.serve.network import Network

    return Network.load(options.run, plugins=options.plugin, precision=options.precision, batch=limits.batch)


def _log_of(file: Path | None, key_file: Path | None) -> "PredictionLog | None":
    from xraykit.serve.prediction_log import LogKey, PredictionLog

    if file is None:
        return None
    if key_file is None:
        logger.info("The hashed ids in %s have a new secret at each start; --log-key-file keeps one.", file)
    return PredictionLog(file, LogKey.random() if key_file is None else LogKey.of_file(key_file))


def _check_installed() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DataError(
            f"A server needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed. Install "
            f"what it needs with: pip install 'xraykit[serve]'"
        )


if __name__ == "__main__":
    sys.exit(main())
