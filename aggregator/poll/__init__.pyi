from .discovery import discover as discover
from .feed import parse as parse
from .limits import CUT_SHORT as CUT_SHORT
from .limits import MOVE_AFTER as MOVE_AFTER
from .opml import read_opml as read_opml
from .state import body_hash as body_hash
from .state import failed as failed
from .state import succeeded as succeeded
