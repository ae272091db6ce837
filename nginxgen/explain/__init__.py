"""Who decides for one request: from the model alone, by the rules that nginx follows. Pure."""

from nginxgen.explain.decide import explain
from nginxgen.explain.dialect import Dialect
from nginxgen.explain.explanation import Bucket, Decider, Explanation
from nginxgen.explain.request import Request

__all__ = ["Bucket", "Decider", "Dialect", "Explanation", "Request", "explain"]
