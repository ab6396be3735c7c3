"""What in a URL says how a reader came to a page, and not which page it is: data, kept by hand.

A list and not a rule: `?p=123` is WordPress's identity, `?id=` half of the world's. A name belongs here when it is
documented by the tool that adds it, or was seen in feeds of several publishers with changing values. A name that some
site uses for identity goes into `TRACKING_VALUES` with the values that are safe to drop, or not in at all. Numbers and
hashes are never safe: `?t=2104567` is a forum's thread as often as a moment (see `deciding` for how a feed itself can
prove that a parameter means nothing).
"""

from __future__ import annotations

import re
from typing import Final

TRACKING_PREFIXES: Final = (
    "utm_",  # Urchin / Google Analytics campaigns
    "mtm_",  # Matomo
    "matomo_",
    "pk_",  # Piwik
    "piwik_",
    "hsa_",  # HubSpot ads
    "_hs",  # HubSpot (_hsenc, _hsmi)
    "__hs",  # HubSpot cookies in links (__hstc, __hssc)
    "amp_",  # AMP runtime (amp_js_v, amp_gsa); `amp` itself is a variant, see below
    "oly_",  # Omeda
    "vero_",  # Vero
    "sc_c",  # Sitecore campaigns (sc_camp, sc_channel)
    "at_",  # AT Internet
    "ns_",  # comScore (ns_mchannel, ns_campaign)
    "wt.",  # Webtrends
    "mkt_",  # Marketo
    "pf_rd_",
    "cm_mmc",  # IBM Coremetrics
    "dm_",  # dotdigital
    "xtor-",
)
"""Beginnings of names (lower case)."""

_NAMES = """
advertising: fbclid gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid msclkid yclid ysclid twclid ttclid
    li_fat_id igshid igsh epik rdt_cid sccid obclid irclickid cjevent awc wickedid s_kwcid ef_id rb_clickid
    tblci srsltid adgroupid campaignid creativeid
newsletters: mc_cid mc_eid ck_subscriber_id elqtrackid elqtrack elqaid elqat elqcampaignid elqcst trk trkcampaign
    trkinfo trackingid tracking_id cmpid cmp_id ocid ncid icid nl_id sfmc_id sfmc_activityid sfmc_sub
    bxid esrc subscriber_id spmailingid spuserid spjobid spreportid ss_source
    ss_campaign_id ss_email_id xtor xts _openstat s_cid cvid
networks: fb_action_ids fb_action_types fb_source fb_ref action_object_map action_type_map action_ref_map
    feature_ref ref_src ref_url refsrc referrer referer ref_ share_id sharesource smid smtyp soc_src soc_trk smfb
    guccounter guce_referrer guce_referrer_sig feedname feedtype wpisrc wpmm taid __twitter_impression
    _branch_match_id _branch_referrer _gl _ga _ke via_rss mbid ftag ftcamp sr_share __source __tn__
    __cft__ __s spm ns_mail_uid ns_mail_job
sessions: phpsessid jsessionid aspsessionid aspxautodetectcookiesupport cfid cftoken csrf csrf_token csrftoken _csrf
    _wpnonce cachebuster cache_buster cachebust nocache viewcount
wordpress: replytocom like_comment doing_wp_cron
"""

TRACKING_NAMES: Final = frozenset(name for name in _NAMES.split() if not name.endswith(":"))
"""Whole names (lower case)."""

_CHANNEL = re.compile(
    r"(?i)(rss|atom|feeds?|feedburner|newsletters?|mail|e-?mail|twitter|tw|x|t\.co|facebook|fb|linkedin|reddit|mastodon|bluesky|bsky|"
    r"telegram|whatsapp|social|share|sharing|home|homepage|hp|sidebar|related|footer|header|push|app|google|"
    r"googlenews|gnews|hackernews|hn|producthunt|slack|"
    r"[\w-]+(\.[\w-]+)*\.(com|org|net|io|co|dev|news|info|ai|me|uk|de|fr|es|ru|cn|jp))([-_ :|].*)?"
)
"""A way of coming, as a value: a channel's name, or the domain that linked here (Ghost adds `?ref=example.org`)."""

_LINKED_FROM = re.compile(
    rf"{_CHANNEL.pattern}|[\w-]+(\.[\w-]+)*\.(?!(x?html?|php|md|pdf|txt|tex|xml|json|rst|png|jpe?g|gif|zip|gz)$)[a-zA-Z]{{2,24}}"
)
"""A channel, or any domain: what `ref` holds is where a reader came from, or a version or a file."""

_ON = re.compile(r"(?i)(1|true|yes|on)?")

TRACKING_VALUES: Final = {
    "ref": _LINKED_FROM,
    "source": _CHANNEL,
    "src": _CHANNEL,
    "from": _CHANNEL,
    "via": re.compile(r".*"),
    "track": _CHANNEL,
    "partner": _CHANNEL,
    "campaign": _CHANNEL,
    "medium": _CHANNEL,
    "share": _CHANNEL,
    "feature": _CHANNEL,
    "rss": _ON,
    "feed": re.compile(r"(?i)(rss2?|atom|rdf)?"),
    "fsrc": _CHANNEL,
    "ito": _CHANNEL,
    "cmp": _CHANNEL,
    "nb": re.compile(r"1"),  # WordPress, beside share=
}
"""Names that are identity on some sites: dropped only when the whole value matches."""

_FORMER = """
names: sessionid session_id sessid nonce token access_token auth_token authtoken email_id emailid newsletter_id
    mailingid partner_id scid
"""
FORMER_NAMES: Final = frozenset(name for name in _FORMER.split() if not name.endswith(":"))
FORMER_CHANGING: Final = frozenset(
    {"sid", "_", "_t", "t", "ts", "timestamp", "time", "cb", "rand", "rnd", "random", "cache"}
)
"""Names that were once dropped from guids, too, these where the value looked like a moment, a number or a hash."""

_CHANGING = re.compile(r"\d{6,}|0?\.\d+|[0-9a-fA-F]{16,}")

VARIANT_VALUES: Final = {
    "amp": _ON,
    "outputtype": re.compile(r"(?i)amp"),
    "output": re.compile(r"(?i)amp"),
    "view": re.compile(r"(?i)amp|mobile"),
    "format": re.compile(r"(?i)amp"),
    "m": re.compile(r"[01]"),  # Blogger; WordPress's ?m=201907 is a month and stays
    "mobile": _ON,
    "print": re.compile(r"(?i)(1|true|yes|print)?"),
    "printable": _ON,
}
"""Names and values that ask for another dress of the same page."""

VARIANT_HOSTS: Final = frozenset({"amp", "m", "mobile", "mobil", "www"})
"""First labels of hosts that show the same pages in another dress."""

_PAGES = "html htm xhtml shtml php asp aspx jsp"
INDEX_FILES: Final = frozenset(f"{name}.{ending}" for name in ("index", "default") for ending in _PAGES.split())
"""What a server shows for a folder (lower case)."""


def is_tracking(name: str, value: str) -> bool:
    """Whether a query parameter (name and value decoded) says nothing about which page is meant."""
    key = name.lower()
    if key in TRACKING_NAMES or key.startswith(TRACKING_PREFIXES):
        return True
    pattern = TRACKING_VALUES.get(key) or VARIANT_VALUES.get(key)
    return pattern is not None and pattern.fullmatch(value) is not None


def was_tracking(name: str, value: str) -> bool:
    """Whether guids that are stored may lack this parameter, since it was once taken for tracking."""
    key = name.lower()
    changing = key in FORMER_CHANGING and _CHANGING.fullmatch(value) is not None
    return key in FORMER_NAMES or changing or is_tracking(name, value)
