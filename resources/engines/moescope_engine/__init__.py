"""Joins the expert balancer of SGLang or vLLM to a moescope-agent on the same host.

Nothing happens on import. The engines find `sglang_hooks.register` and `vllm_hooks.register` by their entry points.
"""

__version__ = "0.2.0"
