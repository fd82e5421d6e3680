"""Backbones and example experiments stand beside the package in a checkout, and inside it where it is installed."""

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = {"xraykit.backbones": "backbones", "xraykit.experiments": "experiments"}
"""Packages by their names where they are installed, and their folders in a checkout; setup.cfg has the rest."""


class BuildWithNeighbours(build_py):
    """Copies ``backbones/`` and ``experiments/`` into ``xraykit/``.

    An editable install leaves them where they are: :mod:`xraykit` finds them there, and a plain path to the checkout is
    what type checkers can follow.
    """

    def finalize_options(self) -> None:
        """See :class:`setuptools.command.build_py.build_py`."""
        super().finalize_options()
        if not self.editable_mode:
            self.packages = [*self.packages, *BESIDE]
            self.package_dir = {**self.package_dir, **BESIDE}
            self.package_data = {**self.package_data, "xraykit.experiments": ["*.yaml", "recipes/*.yaml"]}


setup(cmdclass={"build_py": BuildWithNeighbours})
