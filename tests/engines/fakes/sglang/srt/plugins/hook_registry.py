"""Imitates sglang/srt/plugins/hook_registry.py: hooks are registered by dotted path and applied later, all at once."""

import enum
import functools
import pkgutil


class HookType(enum.Enum):
    AFTER = "after"
    AROUND = "around"


class HookRegistry:
    _hooks = []

    @classmethod
    def register(cls, target, hook, hook_type=HookType.AFTER):
        cls._hooks.append((target, hook, hook_type))

    @classmethod
    def apply_hooks(cls):
        """A target that is not there is only left out, as in the engine."""
        for target, hook, kind in cls._hooks:
            owner, name = target.rsplit(".", 1)
            try:
                owner = pkgutil.resolve_name(owner)
                setattr(owner, name, _wrapped(getattr(owner, name), hook, kind))
            except (AttributeError, ImportError):
                continue


def _wrapped(original, hook, kind):
    @functools.wraps(original)
    def around(*args, **kwargs):
        return hook(original, *args, **kwargs)

    @functools.wraps(original)
    def after(*args, **kwargs):
        result = original(*args, **kwargs)
        changed = hook(result, *args, **kwargs)
        return result if changed is None else changed

    return around if kind is HookType.AROUND else after
