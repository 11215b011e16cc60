import type { LockoutFilter, LoginNews } from '../auth/lockout.js';

/** News of logins are no longer than this, characters. */
const MAX_NEWS_LENGTH = 4096;
/** What replicas tell each other of logins. */
export type News = { readonly from: string } & (
  | { readonly login: LoginNews }
  | { readonly lift: LockoutFilter }
);

/** News as a text; undefined if it would be too long. */
export function newsText(news: News): string | undefined {
  const text = JSON.stringify(news);
  return text.length > MAX_NEWS_LENGTH ? undefined : text;
}

/** @returns undefined if it is none: others may tell anything. */
export function parseNews(text: string): News | undefined {
  try {
    const one: unknown = JSON.parse(text);
    if (typeof one !== 'object' || one === null || !('from' in one)) return undefined;
    if ('lift' in one) {
      const { address, user } = one.lift as LockoutFilter;
      const isText = (value: unknown) => value === undefined || typeof value === 'string';
      return isText(address) && isText(user) ? (one as News) : undefined;
    }
    if (!('login' in one)) return undefined;
    const { address, user, digest } = one.login as LoginNews;
    const isRight = [address, user, digest ?? ''].every((value) => typeof value === 'string');
    return isRight ? (one as News) : undefined;
  } catch {
    return undefined;
  }
}
