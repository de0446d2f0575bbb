type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** The form a language wants for `n` (CLDR plural rules). */
export function plural(language: string, n: number, forms: Forms): string {
  return forms[new Intl.PluralRules(language).select(n)] ?? forms.other;
}
