from .discovery import discover as discover
from .feed import parse as parse
from .opml import read_opml as read_opml
from .state import CUT_SHORT as CUT_SHORT
from .state import MOVE_AFTER as MOVE_AFTER
from .state import body_hash as body_hash
from .state import failed as failed
from .state import succeeded as succeeded
