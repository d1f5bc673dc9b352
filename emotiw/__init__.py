"""From a folder of clips or group photographs to a checked challenge submission."""

__version__ = "0.1.0"
