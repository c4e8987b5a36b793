/** Picks the words for a count. */

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export function plural(locale: string, n: number, forms: Forms): string {
  return forms[new Intl.PluralRules(locale).select(n)] ?? forms.other;
}
