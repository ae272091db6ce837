"""The languages of a report."""

from __future__ import annotations

from enum import StrEnum

from nginxgen.report.chinese import CHINESE
from nginxgen.report.english import ENGLISH
from nginxgen.report.words import Words


class Language(StrEnum):
    EN = "en"
    ZH = "zh"


def words(language: Language) -> Words:
    return {Language.EN: ENGLISH, Language.ZH: CHINESE}[language]
