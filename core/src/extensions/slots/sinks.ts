import type { EventSink, ServerEvent } from '../../log/events.js';
import { view } from '../views.js';
import { demandMethod, methodOf, type Owner } from './owner.js';

/** Events at most that wait while a sink takes one which it has itself brought about. */
const MAX_WAITING = 10_000;

/** An event sink of an extension: its events are copies. */
export function sinkSlot(id: string, item: object, owner: Owner): EventSink {
  const wants = methodOf(item, 'wants', owner);
  const handle = giver(demandMethod(item, 'handle', owner));
  return {
    id,
    ...(wants && { wants: (type: ServerEvent['type']) => wants(type) === true }),
    handle,
  };
}

/**
 * Hands events to an extension, one after the other: those that it brings about while it takes one
 * come after that. What extensions log meanwhile is not told it, or it would be for ever.
 */
export function giver(take: (event: ServerEvent) => unknown): (event: ServerEvent) => void {
  let isTaking = false;
  const waiting: ServerEvent[] = [];
  return (event) => {
    if (isTaking) {
      if (!('extension' in event) && waiting.length < MAX_WAITING) waiting.push(event);
      return;
    }
    isTaking = true;
    try {
      take(view(event));
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) take(view(next));
    } finally {
      isTaking = false;
      waiting.length = 0;
    }
  };
}
