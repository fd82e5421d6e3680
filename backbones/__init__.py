"""The built-in backbones, one file per family; installed as ``xraykit.backbones``."""
