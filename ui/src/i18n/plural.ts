type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Returns the plural form that a language uses for `n` (CLDR plural rules). */
export function plural(language: string, n: number, forms: Forms): string {
  return forms[new Intl.PluralRules(language).select(n)] ?? forms.other;
}
