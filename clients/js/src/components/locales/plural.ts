/** Picks the words for a count. */
import { once } from "../once";

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export function plural(locale: string, n: number, forms: Forms): string {
  const rules = once(`p ${locale}`, () => new Intl.PluralRules(locale));
  return forms[rules.select(n)] ?? forms.other;
}
