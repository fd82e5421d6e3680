"""Backbones stand beside the package in a checkout, and inside it where it is installed; setup.cfg has the rest."""

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithBackbones(build_py):
    """Copies ``backbones/`` to ``xraykit/backbones/``.

    An editable install leaves them where they are: :mod:`xraykit` finds them there, and a plain path to the checkout is
    what type checkers can follow.
    """

    def finalize_options(self) -> None:
        """See :class:`setuptools.command.build_py.build_py`."""
        super().finalize_options()
        if not self.editable_mode:
            self.packages = [*self.packages, "xraykit.backbones"]
            self.package_dir = {**self.package_dir, "xraykit.backbones": "backbones"}


setup(cmdclass={"build_py": BuildWithBackbones})
