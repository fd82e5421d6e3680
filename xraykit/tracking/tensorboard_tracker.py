"""TensorBoard: event files in the folder ``tensorboard`` of the run; of a trial or member in a folder below it."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.tracking.recorded import Recorder
from xraykit.tracking.tracker import Dataset, State

FOLDER = "tensorboard"

# How old the numbers on the page may be.
_FLUSH_SECONDS = 10


class TensorboardRecorder(Recorder):
    """A run as event files of scalars, texts and hyperparameters.

    Args:
        folder: Where the event files go; the page names the run by its path below ``--logdir``.
        name: Of the run among the sessions of the page of hyperparameters.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._writer: Any = None

    def open(self) -> None:
        """Begin an event file; a continued run has several in one folder."""
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(self._folder), flush_secs=_FLUSH_SECONDS)

    def parameters(self, values: Mapping[str, Any]) -> None:
        """As hyperparameters, which can be filtered by and compared, and as a text."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        plain = {key: _plain(value) for key, value in values.items()}
        self._add(hparams_pb(plain, trial_id=self._name, start_time_secs=time.time()))
        self._text("parameters", _table(plain))

    def metrics(self, values: Mapping[str, float], step: int | None) -> None:
        """As scalars; those of the whole run are at step 0."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        found = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(Summary(value=found), step or 0)
        if step is None:
            self._writer.flush()

    def tags(self, values: Mapping[str, str]) -> None:
        """As a text."""
        self._text("tags", _table(values))

    def dataset(self, dataset: Dataset) -> None:
        """As a text."""
        facts = {"name": dataset.name, "digest": dataset.digest, "source": dataset.source, **dataset.facts}
        self._text("data", _table(facts))

    def description(self, text: str) -> None:
        """As a text."""
        self._text("description", text)

    def name(self, text: str) -> None:
        """The name is the folder's."""

    def child(self, name: str) -> "TensorboardRecorder":
        """The run of a folder below this one."""
        return TensorboardRecorder(self._folder / name, f"{self._name}/{name}")

    def close(self, state: State, reason: str | None) -> None:
        """Write how the run ended, and close the file."""
        from tensorboard.plugins.hparams.api_pb2 import Status
        from tensorboard.plugins.hparams.summary import session_end_pb

        ended = Status.Value("STATUS_SUCCESS" if state == "complete" else "STATUS_FAILURE")
        self._add(session_end_pb(ended))
        self._text("end", state if reason is None else f"{state}: {reason}")
        self._writer.close()

    def _text(self, name: str, markdown: str) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        text = TensorProto(dtype="DT_STRING", string_val=[markdown.encode()], tensor_shape=shape)
        about = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        self._add(Summary(value=[Summary.Value(tag=f"{name}/text_summary", metadata=about, tensor=text)]))

    def _add(self, summary: Any, step: int = 0) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        # Where TensorFlow is installed, the hyperparameters' page makes summaries of its class, with the same bytes.
        own = Summary.FromString(summary.SerializeToString())
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=own))


def _plain(value: Any) -> bool | float | str:
    """A hyperparameter as TensorBoard takes it: a truth value, a number or a text."""
    return value if isinstance(value, bool | int | float | str) else str(value)


def _table(values: Mapping[str, Any]) -> str:
    rows = "".join(f"| {key} | {str(value).replace('|', ' ')} |\n" for key, value in values.items())
    return f"| name | value |\n| --- | --- |\n{rows}"
