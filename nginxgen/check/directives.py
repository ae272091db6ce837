"""What crossplane 0.5.8 does not know of nginx, or has wrong, put right in its table (once, at import).

Its table ends at nginx 1.17. `register_external_directives` fails on Python 3, so the table itself is extended.
Source of the masks: ngx_command_t of nginx 1.22 to 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping

from crossplane import analyzer

_HTTP = analyzer.NGX_HTTP_MAIN_CONF | analyzer.NGX_HTTP_SRV_CONF
_ALL = _HTTP | analyzer.NGX_HTTP_LOC_CONF
_SERVER = analyzer.NGX_HTTP_SRV_CONF
_FLAG, _ONE, _TWO = analyzer.NGX_CONF_FLAG, analyzer.NGX_CONF_TAKE1, analyzer.NGX_CONF_TAKE2
_ONE_OR_TWO, _SOME, _THREE = analyzer.NGX_CONF_TAKE12, analyzer.NGX_CONF_1MORE, analyzer.NGX_CONF_TAKE3
_UPSTREAM = analyzer.NGX_HTTP_UPS_CONF

_NEWER: Mapping[str, int] = {
    "add_header_inherit": _ALL | _ONE,
    "add_trailer_inherit": _ALL | _ONE,
    "auth_delay": _ALL | _ONE,
    "early_hints": _ALL | _SOME,
    "grpc_ssl_conf_command": _ALL | _TWO,
    "http2": _HTTP | _FLAG,
    "http3": _HTTP | _FLAG,
    "http3_hq": _HTTP | _FLAG,
    "http3_max_concurrent_streams": _HTTP | _ONE,
    "http3_stream_buffer_size": _HTTP | _ONE,
    "keepalive_disable": _ALL | _ONE_OR_TWO,
    "keepalive_min_timeout": _ALL | _ONE,
    "keepalive_time": _ALL | _UPSTREAM | _ONE,
    "max_headers": _HTTP | _ONE,
    "proxy_cookie_flags": _ALL | _SOME,
    "proxy_pass_trailers": _ALL | _FLAG,
    "proxy_ssl_certificate_cache": _ALL | _SOME,
    "proxy_ssl_conf_command": _ALL | _TWO,
    "quic_active_connection_id_limit": _HTTP | _ONE,
    "quic_bpf": analyzer.NGX_MAIN_CONF | _FLAG,
    "quic_gso": _HTTP | _FLAG,
    "quic_host_key": _HTTP | _ONE,
    "quic_retry": _HTTP | _FLAG,
    "ssl_alpn": analyzer.NGX_STREAM_SRV_CONF | _SOME,
    "ssl_certificate_cache": _HTTP | _SOME,
    "ssl_certificate_compression": _HTTP | _FLAG,
    "ssl_conf_command": _HTTP | _TWO,
    "ssl_ech_file": _HTTP | _ONE,
    "ssl_object_cache_inheritable": analyzer.NGX_MAIN_CONF | _FLAG,
    "ssl_ocsp": _HTTP | _ONE,
    "ssl_ocsp_cache": _HTTP | _ONE,
    "ssl_ocsp_responder": _HTTP | _ONE,
    "ssl_reject_handshake": _HTTP | _FLAG,
    "sticky": _UPSTREAM | _SOME,
    "userid_flags": _ALL | _SOME,
    "uwsgi_ssl_conf_command": _ALL | _TWO,
}
_IN_IF = analyzer.NGX_HTTP_SIF_CONF | analyzer.NGX_HTTP_LIF_CONF | analyzer.NGX_HTTP_LMT_CONF

analyzer.DIRECTIVES.update({name: [mask] for name, mask in _NEWER.items()})
analyzer.DIRECTIVES["include"] = [analyzer.NGX_ANY_CONF | _IN_IF | _ONE]
analyzer.DIRECTIVES["keepalive"] = [_UPSTREAM | _ONE_OR_TWO]
analyzer.DIRECTIVES["resolver_timeout"] = [*analyzer.DIRECTIVES["resolver_timeout"], _UPSTREAM | _ONE]

KNOWN: frozenset[str] = frozenset(analyzer.DIRECTIVES)
"""Every directive that nginx's own modules have, as far as known here."""
