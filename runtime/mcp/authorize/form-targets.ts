/** Where the form of a page may lead in the end. */

/**
 * Sources for `form-action`. Browsers hold the policy of a page against the redirects that follow its form as well, those of the
 * client included, which nobody here knows: so schemes are named, not hosts. It still keeps forms from `javascript:` and `data:`.
 *
 * @see https://www.w3.org/TR/CSP3/#directive-form-action
 */
export function formTargetsOf(redirectUri: string | undefined): readonly string[] {
  const scheme = /^([a-z][a-z0-9+.-]*:)/.exec(redirectUri ?? 'https:')?.[1] ?? 'https:'
  return scheme === 'https:' ? ['https:'] : ['https:', scheme]
}
