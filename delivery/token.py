import re
import secrets

# As new_token() or the queue makes it, which is by 32 bits less random: at least 90 random bits.
_TOKEN = re.compile(r"[0-9a-f]{32}")
# What stood behind a link in a text, and was taken for a part of it: a full stop, a bracket. Or
# what others hang on as if these links had a query: "&source=gmail", an encoded "?".
_BEHIND = re.compile(r"(?:[?&;].*|\W{1,5})\Z", re.DOTALL)


def new_token() -> str:
    """Return an unguessable token for one recipient's links."""
    return secrets.token_hex(16)


def is_token(text: str) -> bool:
    """Tell whether ``text`` has the form of a token, so that junk needs no look-up."""
    return bool(_TOKEN.fullmatch(text))


def token_in(text: str) -> str:
    """Return the token that the end of a link holds, or what else it is."""
    return _BEHIND.sub("", text)
