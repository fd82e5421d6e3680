"""The version of xraykit."""

VERSION = "0.1.0"
