/*
 * Words that differ in case or blanks only, and words that tables use for values that are missing and for classes.
 */
#ifndef PPDL_TABLE_FOLD_H
#define PPDL_TABLE_FOLD_H

/*
 * As strcmp, but that case (of ASCII and Latin-1 letters in UTF-8), blanks at the ends, and how many blanks stand
 * inside, no-break spaces included, make no difference.
 */
int			ppdl_fold_compare(const char *a, const char *b);
/* 1 when nothing or only blanks */
int			ppdl_blank(const char *s);
/* 1 when some word of a NULL-terminated list is s but for case and blanks; NULL: an empty list */
int			ppdl_word_listed(char *const *list, const char *s);

/* missing in any column; missing in columns of numbers only, where they may mean something else among words */
extern const char *const ppdl_na_words[10];
extern const char *const ppdl_na_number_words[];

/*
 * Which of two classes is the positive one, by common words (yes, ja, case, positive, ... against no, nein, control,
 * ...): -1 a, +1 b, 0 when they do not say.
 */
int			ppdl_positive_word(const char *a, const char *b);

#endif
