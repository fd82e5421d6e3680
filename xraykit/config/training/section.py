"""How the network is trained: ``training``."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from xraykit.config.section import Positive, Section, is_default
from xraykit.config.training.augmentation import Augmentation
from xraykit.config.training.losses import LOSSES_WITHOUT_CLASS_WEIGHTS, Asymmetric, Focal
from xraykit.config.training.schedules import Cosine, EarlyStopping, FineTune, OneCycle, Plateau

DEFAULT_LOSS = "weighted"
# What it was called in earlier versions.
_EARLIER_LOSSES = {"weighted_binary_crossentropy": DEFAULT_LOSS}
_OPTIMIZERS = ("adam", "rmsprop", "sgd", "adamw", "lion", "muon")


def _any_case(words: tuple[str, ...]) -> str:
    """A pattern of JSON Schema, which knows no flags, for words in capitals or not."""
    spelled = ("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words)
    return f"^({'|'.join(spelled)})$"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _todays_name(value: Any) -> Any:
    return _EARLIER_LOSSES.get(value, value) if isinstance(value, str) else value


class Training(Section):
    """How the network is trained."""

    trainer: Literal["scratch", "fine_tune", "linear_probe"] = Field(
        "scratch",
        description="One stage from scratch; two: frozen backbone, then unfrozen; or a logistic regression for each "
        "label on the features of the frozen backbone, without epochs.",
    )
    epochs: Annotated[int, Field(ge=1, le=10_000)] = Field(30, description="At most this many epochs in all.")
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(16, description="Pictures per step.")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-3, description="Of the first step.")
    optimizer: Annotated[
        Literal["adam", "rmsprop", "sgd", "adamw", "lion", "muon"],
        BeforeValidator(_lower),
        WithJsonSchema({"anyOf": [{"enum": list(_OPTIMIZERS)}, {"type": "string", "pattern": _any_case(_OPTIMIZERS)}]}),
    ] = "adam"
    weight_decay: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None,
        description="Each step shrinks weights by this share of themselves times the learning rate; never those of "
        "normalisation, and no bias. Left out: Keras' own, which is 0.004 for adamw and muon and none for the others.",
        exclude_if=is_default(None),
    )
    clip_norm: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Largest norm of the gradient of all weights together; a longer one is scaled down.",
        exclude_if=is_default(None),
    )
    gradient_accumulation: Annotated[int, Field(ge=1, le=1024)] = Field(
        1,
        description="Batches whose gradients are averaged before the weights change, as one batch of that many times "
        "the size would, except for batch normalisation.",
        exclude_if=is_default(1),
    )
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Momentum of an exponential moving average of the weights, such as 0.999; the average is what is "
        "validated, chosen and kept. Left out: no average.",
        exclude_if=is_default(None),
    )
    # Left out of written experiments where it is the default, so that runs and studies without it can be continued.
    loss: Annotated[str, BeforeValidator(_todays_name)] = Field(
        DEFAULT_LOSS,
        description="A registered loss: `weighted` (binary cross-entropy with class weights), `bce` (without), `focal` "
        "(Lin et al. 2017), `asymmetric` (Ridnik et al. 2021), or that of a plug-in.",
        exclude_if=is_default(DEFAULT_LOSS),
    )
    weighted_loss: bool = Field(
        True,
        description="Weigh positives and negatives of each label by each other's share in the training part. Of "
        "`weighted`, `focal` and plug-ins; `bce` and `asymmetric` have no class weights.",
    )
    focal: Focal = Field(Focal(), exclude_if=is_default(Focal()))
    asymmetric: Asymmetric = Field(Asymmetric(), exclude_if=is_default(Asymmetric()))
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = Field(
        0.0,
        description="Training labels 1 and 0 become 1 - s and s. Never those that anything is measured with.",
        exclude_if=is_default(0.0),
    )
    sampling: Literal["uniform", "balanced"] = Field(
        "uniform",
        description="`uniform`: each radiograph once in an epoch. `balanced`: as many draws, in which radiographs with "
        "rare findings come more often.",
        exclude_if=is_default("uniform"),
    )
    mixup: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0,
        description="Pairs of training pictures and their labels are mixed with a share from Beta(mixup, mixup) "
        "(Zhang et al. 2018). 0: none.",
        exclude_if=is_default(0.0),
    )
    held_out_share: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0,
        description="Share of the validation patients that do not influence the choice of the epoch and, in a search, "
        "of the hyperparameters; calibration and thresholds are then fitted on them alone. 0: all patients serve both.",
    )
    early_stopping: EarlyStopping | None = EarlyStopping()
    schedule: Literal["plateau", "cosine", "one_cycle"] = Field(
        "plateau",
        description="How the learning rate changes. `plateau`: by the validation part; constant with `plateau: null`.",
        exclude_if=is_default("plateau"),
    )
    plateau: Plateau | None = Plateau()
    cosine: Cosine = Field(Cosine(), exclude_if=is_default(Cosine()))
    one_cycle: OneCycle = Field(OneCycle(), exclude_if=is_default(OneCycle()))
    augmentation: Augmentation = Augmentation()
    fine_tune: FineTune = FineTune()
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    xla: bool = Field(
        False, description="Compile steps with XLA; needs `deterministic: false`; slower on most CPUs. JAX always does."
    )
    deterministic: bool = Field(
        True, description="Two runs on one machine give the same results; some GPU operations are slower."
    )

    seeds: Annotated[int, Field(ge=1, le=50)] = Field(
        1,
        description="Networks that differ in their seed alone (`seed`, `seed` + 1, ...), trained as one ensemble.",
        exclude_if=is_default(1),
    )
    workers: Positive = Field(
        1, description="Networks of an ensemble that are trained at the same time.", exclude_if=is_default(1)
    )
    devices: Literal["one", "all"] = Field(
        "one",
        description="`all`: each batch of `batch_size` is divided among all devices of this machine.",
        exclude_if=is_default("one"),
    )

    @property
    def loss_settings(self) -> dict[str, float]:
        """The settings of the built-in loss that :attr:`loss` names; empty if it has none."""
        sections: dict[str, Section] = {"focal": self.focal, "asymmetric": self.asymmetric}
        return sections[self.loss].model_dump() if self.loss in sections else {}

    @property
    def has_class_weights(self) -> bool:
        """Whether positives and negatives are weighed; see :attr:`weighted_loss`."""
        return self.weighted_loss and self.loss not in LOSSES_WITHOUT_CLASS_WEIGHTS

    @model_validator(mode="after")
    def _xla_or_deterministic(self) -> "Training":
        if self.xla and self.deterministic:
            raise ValueError(
                "xla: true needs deterministic: false; Keras would otherwise switch XLA off silently. Received: both"
            )
        return self
