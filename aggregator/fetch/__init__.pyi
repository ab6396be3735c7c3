from .client import Explanation as Explanation
from .client import Fetcher as Fetcher
from .client import HopReport as HopReport
from .guard import public_name as public_name
from .robots import origin as origin
from .robots import product_token as product_token
