"""Words of somebody in danger now, in three languages: what the trained detector must never miss.

Each pattern is a danger and, where the word alone is common, its nearness in time. Figures of speech
(`jeg dør af grin`) do not match.
"""

import re
from collections.abc import Iterator

_PATTERNS = (
    # life
    r"selvmord|tager? (?:mit|sit) (?:eget )?liv|tage livet af (?:mig|sig)|ikke leve (?:mere|længere)|vil ikke leve|"
    r"vil (?:bare )?dø\b(?! af)|självmord|ta (?:mitt|sitt) liv|vill inte leva|vill dö\b|suicid\w*|kill (?:myself|himself|herself)|"
    r"end (?:my|his|her) life|don'?t want to live|want to die\b",
    r"bevidstløs|medvetslös|unconscious|trækker ikke vejret|andas inte|not breathing|isn'?t breathing|"
    r"taget (?:for mange|en overdosis)|overdos\w*|brystsmerter|bröstsmärt\w*|chest pain",
    # violence
    r"(?:han|hun|manden|min (?:mand|kæreste|eks\w*|far|bror|søn)) (?:\w+ ){0,3}(?:slår|slog|har slået|truer|kvæler|tæsker|banker)\b|"
    r"(?:han|hon|min (?:man|sambo|pojkvän|pappa)) (?:\w+ ){0,3}(?:slår|slog|har slagit|hotar)\b|"
    r"(?:he|she|my (?:husband|boyfriend|ex|father|partner)) (?:\w+ ){0,3}(?:hits|hit me|beats|beat me|is beating|threatens|threatened|strangl\w+)\b|"
    r"med (?:en )?kniv|with a knife|slå mig ihjel(?! af)|slår ham ihjel|dræbe (?:mig|os|hende)|kill (?:me|us|her)\b|döda (?:mig|oss)",
    # child
    r"(?:alene|ensam\w*|alone) (?:\w+ ){0,5}(?:barn|børn|baby|child|kids)|(?:barn|baby|spædbarn|child|dreng|pige|pojke|flicka)\w* (?:\w+ ){0,6}"
    r"(?:er alene|är ensam|is alone|left alone|efterladt|låst inde|inlåst|locked in|blå mærker|blåmärken|bruises)",
    # nowhere to sleep
    r"(?:intet|ingen|ikke (?:noget|nogen)) sted\w* at (?:sove|være|overnatte|gå hen)|sov(?:er|e|et)? (?:på gaden|i bilen|ude(?:nfor)?|i parken|i en opgang|i trappen)|"
    r"ingenstans att (?:sova|ta vägen)|sover (?:ute|i bilen|på gatan)|(?:nowhere|no place|no where) (?:\w+ )?to (?:sleep|stay|go)|"
    r"sleep(?:ing)? (?:outside|rough|in (?:the|my|our) car|on the street)|(?:smidt|sat|kastet) ud (?:i dag|i aften|i nat|nu)",
    # danger in the open
    r"(?:lugter?|lukter?|lugt|smell\w*|stank) (?:\w+ ){0,3}(?:af |av |of )?gas\b|gaslugt|gaslukt|gas leak|gaslæk\w*|gasläck\w*|"
    r"(?:løse|løs|nedfald\w*|hængende|sprutter|gnistr\w*|gnister) (?:\w+ ){0,4}(?:ledning\w*|kabel|kabler)|(?:ledning|kabel|wire|cable)\w* (?:\w+ ){0,5}(?:gnist\w*|spark\w*|live)|"
    r"live wires?|(?:styrter|styrte|styrtet|faller|kollaps\w*|collaps\w*) (?:\w+ )?(?:sammen|ned|ihop|down)\b|det brænder\b|brinner\b|on fire\b|exploded",
    # missing
    r"(?:er|har været|är) (?:\w+ ){0,2}(?:forsvundet|væk siden|försvunnen|sporløst)|(?:is|has been|been|went|gone) missing\b|"
    r"(?:kom|kommet|kommit) (?:\w+ )?(?:ikke|aldrig|inte) (?:hjem|hem)\b|never came home|didn'?t come home",
)
_CRY = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)


def cries_for(text: str) -> Iterator[tuple[int, int]]:
    """Where the text speaks of danger."""
    yield from ((match.start(), match.end()) for match in _CRY.finditer(text))


def cries_for_help(text: str) -> bool:
    return _CRY.search(text) is not None
