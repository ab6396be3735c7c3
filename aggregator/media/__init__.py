"""What an image is: its bytes are looked at before anything is kept of it. The only importer of Pillow."""

from aggregator.media.check import TRACKER_PIXELS, check

__all__ = ["TRACKER_PIXELS", "check"]
