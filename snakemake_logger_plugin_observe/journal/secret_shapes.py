"""Shapes of secrets that need no name: tokens by their prefix, headers, URLs, programs' flags.

Which prefix belongs to which service is documented by the services, and listed by scanners such as
gitleaks and detect-secrets. Every pattern is linear: what can repeat cannot begin again inside of
itself.
"""

import re
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.journal.late_pattern import LatePattern

_FLAGS: Final = re.ASCII | re.DOTALL

# By the service. A letter or digit before a prefix means that it is none.
_PREFIXED: Final = (
    r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[0-9A-Z]{16}(?![0-9A-Za-z])",  # AWS
    r"gh[opsur]_[A-Za-z0-9]{20,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"gl(?:pat|ptt|dt|rt|cbt|ft|imt|soat|agent|oas|wt)-[\w.-]{16,}",  # GitLab
    r"xox[abeprs](?:\.xox[bp])?-[\w-]{10,}",  # Slack
    r"xapp-[\w-]{10,}",
    r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}",  # Stripe
    r"whsec_[A-Za-z0-9+/]{20,}",
    r"sk-(?:ant|proj|svcacct|admin|or|lf)-[\w-]{16,}",  # model providers
    r"sk-[A-Za-z0-9]{20,}",
    r"pypi-[\w-]{16,}",
    r"npm_[A-Za-z0-9]{20,}",
    r"rubygems_[a-f0-9]{32,}",
    r"CLOJARS_[a-z0-9]{60}",
    r"ya29\.[\w-]{10,}",  # Google
    r"AIza[\w-]{30,}",
    r"GOCSPX-[\w-]{20,}",
    r"1//0[\w-]{30,}",
    r"SG\.[\w-]{16,64}\.[\w-]{16,}",  # SendGrid
    r"do[opr]_v1_[a-f0-9]{20,}",  # DigitalOcean
    r"(?:hf|api_org)_[A-Za-z0-9]{20,}",  # Hugging Face
    r"dckr_(?:pat|oat)_[\w-]{16,}",
    r"dapi[a-f0-9]{32}",  # Databricks
    r"dp\.(?:ct|pt|st|sa|scim|audit)\.[\w.-]{20,}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    r"hv[sbr]\.[\w-]{20,}",  # HashiCorp
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}",
    r"pul-[a-f0-9]{40}",
    r"pscale_(?:tkn|pw|oauth)_[\w.=-]{20,}",
    r"PMAK-[a-f0-9]{20,40}-[a-f0-9]{20,}",
    r"lin_api_[A-Za-z0-9]{30,}",
    r"ntn_[A-Za-z0-9]{30,}",
    r"NR(?:AK|JS|II|RA)-[\w-]{20,}",
    r"gl(?:c|sa)_[\w+/=]{30,}",  # Grafana
    r"sntry[su]_[\w+/=-]{30,}",
    r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{40,}",
    r"fm[12][ar]?_[\w+/=]{40,}",
    r"AT[AC]TT3[\w=-]{40,}",  # Atlassian
    r"AKCp[A-Za-z0-9]{60,}",
    r"sq0(?:atp|csp)-[\w-]{20,}",
    r"(?:pplx|xai)-[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{30,}",
    r"r8_[A-Za-z0-9]{30,}",
    r"sbp_[a-f0-9]{32,}",
    r"pnu_[A-Za-z0-9]{30,}",
    r"figd_[\w-]{30,}",
    r"LTAI[A-Za-z0-9]{16,}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{40,}",
    r"key-[a-f0-9]{32}(?![a-f0-9])",
    r"(?<![\w.-])eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?",  # JSON web tokens
    r"(?:ops_)?eyJ[A-Za-z0-9+/=]{40,}",
    r"\d{8,10}:AA[\w-]{32,}",  # Telegram
    r"[\w~.]{3}\dQ~[\w~.-]{31,34}",  # Entra
)
TOKENS: Final = LatePattern(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXED)})", _FLAGS)
TOKEN_HINTS: Final = (
    *("akia", "asia", "abia", "acca", "a3t", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glft-", "glimt-", "glsoat-", "glagent-"),
    *("gloas-", "glwt-", "xox", "xapp-", "_live_", "_test_", "_prod_", "whsec_", "sk-", "pypi-"),
    *("npm_", "rubygems_", "clojars_", "ya29.", "aiza", "gocspx-", "1//0", "sg.", "_v1_", "hf_"),
    *("api_org_", "dckr_", "dapi", "dp.", "shpat_", "shpca_", "shppa_", "shpss_", "hvs.", "hvb."),
    *("hvr.", ".atlasv1.", "pul-", "pscale_", "pmak-", "lin_api_", "ntn_", "nrak-", "nrjs-"),
    *("nrii-", "nrra-", "glc_", "glsa_", "sntrys_", "sntryu_", "dt0c01.", "fm1", "fm2", "atatt3"),
    *("atctt3", "akcp", "sq0atp-", "sq0csp-", "pplx-", "xai-", "gsk_", "r8_", "sbp_", "pnu_"),
    *("figd_", "ltai", "age-secret-key-1", "key-", "eyj", ":aa", "q~"),
)

URLS: Final = LatePattern(
    r"""(?P<password>://[^\s/:@'"]{0,200}:)[^\s/'"]+(?=@)  # user:password@host
      | (?P<token>://)[^\s/:@'"]{16,}(?=@)  # token@host
      | (?P<hook>://hooks\.slack\.com/[a-z]+/|://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/
          |://\w+\.webhook\.office\.com/\w+/)[^\s"'<>]+""",
    _FLAGS | re.VERBOSE,
)
URL_HINTS: Final = ("://",)

_TO_END: Final = r"""[^\r\n"'\\]+"""
HEADERS: Final = LatePattern(
    rf"""(?P<header>\b(?:proxy-)?authorization\\{{0,7}}["']?[ \t]*[:=][ \t]*\\{{0,7}}["']?
          (?:(?:basic|bearer|digest|token|apikey|negotiate|oauth|key)[ \t]+)?)
          (?!(?:basic|bearer|digest|token|apikey|negotiate|oauth|key)\b)[^\s"'\\,;]+
      | (?P<cookie>\b(?:set-)?cookie:[ \t]*){_TO_END}
      | (?P<bearer>\bbearer[ \t]+)(?=[A-Za-z._~+/=-]{{0,200}}\d)[\w.~+/=-]{{8,}}
      | (?P<sql>\bidentified[ \t]+by[ \t]+)(?:'[^']*'?|"[^"]*"?)
      | (?P<netrc>\blogin[ \t]+\S{{1,200}}[ \t]+password[ \t]+)\S+
      | (?P<openssl>\bpass(?:in|out)?[ \t]+pass:)[^\s"']+
      | (?P<stdin>(?:-stdin|-token)[ \t]*<<<[ \t]*)(?:'[^']*'?|"[^"]*"?|\S+)
      | (?P<csh>\bsetenv[ \t]+\w{{0,60}}(?:pass|pwd|secret|token|key)\w{{0,60}}[ \t]+)[^\s;]+
    """,
    _FLAGS | re.IGNORECASE | re.VERBOSE,
)
HEADER_HINTS: Final = (
    "authorization",
    "cookie:",
    "bearer",
    "identified",
    "login",
    "pass",
    "setenv",
    "<<<",
)


class Program(NamedTuple):
    """A program whose flags take secrets under names that say nothing."""

    flags: LatePattern
    needs: str = ""
    """A word that its command line must contain, in lower case."""


_WORD: Final = r"""(?:"[^"]*"?|'[^']*'?|\\.|[^\s"'\\;|&)])+"""
_USER: Final = r"[^\s:\"']{1,200}:"
# user:password, in quotes or not.
_PAIR: Final = (
    rf"""(?:(?P<double>{{flag}}"{_USER})[^"]+|(?P<single>{{flag}}'{_USER})[^']+"""
    rf"""|(?P<kept>{{flag}}{_USER})(?!//){_WORD})"""
)
_ATTACHED_P: Final = LatePattern(rf"(?P<kept>(?<!\S)-p){_WORD}", _FLAGS)
_P: Final = LatePattern(rf"(?P<kept>(?<!\S)-p(?:[ \t]+|=)?)(?!-){_WORD}", _FLAGS)
_CURL: Final = LatePattern(
    _PAIR.replace(
        "{flag}",
        r"(?<!\S)(?:-[a-zA-Z]{0,10}[uUE][ \t]*|--(?:proxy-)?(?:user|cert)(?:[ \t]+|=))",
    )
    + r"""|(?P<jar>(?<!\S)(?:-[a-zA-Z]{0,10}b[ \t]*|--cookie(?:[ \t]+|=))["']?[^\s=;"']{1,200}=)"""
    + r"""[^"'\s]+""",
    _FLAGS,
)
_HTTPIE: Final = LatePattern(
    _PAIR.replace("{flag}", r"(?<!\S)(?:-a[ \t]*|--auth(?:[ \t]+|=))"), _FLAGS
)
_AWS: Final = LatePattern(
    rf"(?P<kept>\bset[ \t]+[\w.-]*(?:key|token|secret|password)[\w.-]*[ \t]+){_WORD}", _FLAGS
)
_PROGRAMS: Final = {
    r"(?:mysql\w*|mariadb[\w-]*|mydumper|myloader|mytop)": Program(_ATTACHED_P),
    r"sshpass": Program(
        LatePattern(
            r"(?P<kept>\bsshpass[ \t]+(?:-v[ \t]+|-P[ \t]*\S{1,100}[ \t]+){0,3}-p[ \t]*)" + _WORD,
            _FLAGS,
        )
    ),
    r"7z[arz]?(?= )": Program(_ATTACHED_P),
    r"(?:rar|unrar)(?= )": Program(LatePattern(rf"(?P<kept>(?<!\S)-h?p){_WORD}", _FLAGS)),
    r"(?:zip|unzip)(?= )": Program(LatePattern(rf"(?P<kept>(?<!\S)-P[ \t]*){_WORD}", _FLAGS)),
    r"(?:curl|wget|aria2c)": Program(_CURL),
    r"(?:https?|xh)(?= )": Program(_HTTPIE),
    r"(?:docker|podman|buildah|skopeo|nerdctl|oras|helm|singularity|apptainer|az|oc|cf|ibmcloud)": (
        Program(_P, "login")
    ),
    r"(?:synapse|mongo(?:sh|dump|restore|import|export)?|ncftp(?:get|put)|cqlsh)(?= )": Program(_P),
    r"lftp(?= )": Program(
        LatePattern(rf"(?P<kept>(?<!\S)-u[ \t]*[^\s,]{{1,200}},){_WORD}", _FLAGS)
    ),
    r"sqlcmd": Program(LatePattern(rf"(?P<kept>(?<!\S)-P[ \t]*){_WORD}", _FLAGS)),
    r"twine": Program(_P, "upload"),
    r"vault(?= )": Program(
        LatePattern(rf"(?P<kept>\blogin[ \t]+(?:-\S{{1,100}}[ \t]+){{0,5}})(?!-){_WORD}", _FLAGS),
        "login",
    ),
    r"npm(?= )": Program(
        LatePattern(
            rf"(?P<kept>\bset[ \t]+\S{{0,200}}(?:_auth|_authToken|_password)[ \t=]+){_WORD}", _FLAGS
        ),
        "config",
    ),
    r"wandb(?= )": Program(
        LatePattern(rf"(?P<kept>\blogin[ \t]+(?:--relogin[ \t]+)?)(?!-){_WORD}", _FLAGS), "login"
    ),
    r"aws": Program(_AWS, "configure"),
    r"(?:mc|mcli)(?= )": Program(
        LatePattern(
            rf"(?P<kept>\b(?:set|add)[ \t]+\S{{1,200}}[ \t]+\S{{1,500}}[ \t]+){_WORD}"
            rf"(?:[ \t]+{_WORD})?",
            _FLAGS,
        ),
        "://",
    ),
    r"rclone": Program(
        LatePattern(
            rf"(?P<kept>\b(?:obscure|\w{{0,40}}(?:key|pass|password|token|secret))[ \t]+)"
            rf"(?!-){_WORD}",
            _FLAGS,
        )
    ),
    r"openssl": Program(
        LatePattern(
            rf"(?P<kept>(?<!\S)-(?:k|K|pass(?:in|out)?)[ \t]+(?:pass:)?)(?!(?:file|env|fd|stdin):)"
            rf"{_WORD}",
            _FLAGS,
        ),
        "enc",
    ),
    r"htpasswd": Program(
        LatePattern(
            rf"(?P<kept>(?<!\S)-\w{{0,5}}b\w{{0,5}}[ \t]+\S+[ \t]+\S+[ \t]+){_WORD}", _FLAGS
        )
    ),
    r"redis-cli": Program(LatePattern(rf"(?P<kept>(?<!\S)-a[ \t]+){_WORD}", _FLAGS)),
    r"(?:ldapsearch|ldapadd|ldapmodify)": Program(
        LatePattern(rf"(?P<kept>(?<!\S)-w[ \t]*){_WORD}", _FLAGS)
    ),
    r"smbclient": Program(
        LatePattern(rf"(?P<kept>(?<!\S)-U[ \t]*[^\s%]{{1,200}}%){_WORD}", _FLAGS)
    ),
}
PROGRAM_HINTS: Final = (
    *(
        "mysql",
        "mariadb",
        "mydumper",
        "myloader",
        "mytop",
        "7z ",
        "7za ",
        "7zr ",
        "7zz ",
        "rar ",
        "zip ",
        "curl",
        "wget",
    ),
    *("aria2c", "http ", "https ", "xh ", "login", "configure", "mc ", "mcli ", "rclone"),
    *("openssl", "redis-cli", "ldap", "smbclient", "pass", "synapse", "mongo", "ncftp", "cqlsh"),
    *("lftp", "wandb", "htpasswd", "sqlcmd", "twine", "npm "),
)
# The rest of the command of each: to the end of the line or of the simple command.
COMMANDS: Final = LatePattern(
    r"(?<![\w.-])(?:"
    + "|".join(f"(?P<p{number}>{name})" for number, name in enumerate(_PROGRAMS))
    + r""")(?=[ \t])(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\n;|&"'\\]|(?<=[^&\s])&(?=[^&\s]))*""",
    _FLAGS,
)
PROGRAMS: Final = tuple(_PROGRAMS.values())
"""By the number of its group in ``COMMANDS``."""

KEY_BLOCK: Final = LatePattern(
    r"----[- ]BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?[ -]----.*?"
    r"(?:----[- ]END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?[ -]----|\Z)"
    r"|(?<=Private-Lines: )\d+.*?(?:Private-MAC: \w+|\Z)",
    _FLAGS,
)
KEY_END: Final = LatePattern(r"----[- ]END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?[ -]----", _FLAGS)
KEY_HINTS: Final = ("private key", "private-lines")
_CODE_WITH_TEXT: Final = r"\x1b[]PX^_]([^\x07\x1b\x9c]{0,2000})(?:\x07|\x9c|\x1b\\)"
CODES_WITH_TEXT: Final = LatePattern(_CODE_WITH_TEXT, _FLAGS)
"""Codes for a terminal that contain text: links, titles."""
ESCAPES: Final = LatePattern(
    rf"{_CODE_WITH_TEXT}|(?:\x1b\[|\x9b)[0-?]{{0,64}}[ -/]{{0,8}}[@-~]"
    r"|\x1b[ -/]{0,8}[0-~]|[\x0e\x0f]",
    _FLAGS,
)
"""Colours, and other codes for a terminal."""
ESCAPE_HINTS: Final = ("\x1b", "\x9b", "\x0f")

HINTS: Final = (*TOKEN_HINTS, *URL_HINTS, *HEADER_HINTS, *PROGRAM_HINTS, *KEY_HINTS)
"""In lower case, each text that has such a secret contains one of these."""
