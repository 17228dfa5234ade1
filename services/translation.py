"""Visible text in the person's language.

Write ``_("{name} is empty.").format(name=name)``: variables are filled in after translation, so that the
catalogue holds one entry for every sentence.
"""

import gettext
from pathlib import Path

_CATALOGUES = Path(__file__).resolve().parent.parent / "resources" / "translations"

translation = gettext.translation("wissenswerk", _CATALOGUES, fallback=True)
_ = translation.gettext
ngettext = translation.ngettext
