/*
 * Numbers as people write them: decimal commas, separators between thousands, percent signs.
 */
#ifndef PPDL_TABLE_NUMERAL_H
#define PPDL_TABLE_NUMERAL_H

typedef struct PpdlNumerals
{
	char		decimal,		/* 0: a point */
				thousands;		/* 0: none; else allowed between groups of three digits */
	int			percent;		/* a percent sign follows each number, and does not change it */
} PpdlNumerals;

/*
 * A decimal number, blanks around it allowed: 1; 0: not a number, -1: not finite.  A separator of thousands has three
 * digits on its right, so 1.5 is no number where points separate thousands.
 */
int			ppdl_numeral_parse(const PpdlNumerals *n, const char *s, double *v);
/* the same in the plain form: a decimal point and nothing else */
int			ppdl_parse_number(const char *s, double *v);
/* 1 for what begins with a zero before another digit: a code, which 7 is not another spelling of */
int			ppdl_leading_zero(const char *s);
/*
 * 1 for a number (in the given form) with a fraction that a separator of thousands cannot be: 0,81 and 1,5, not 1,234
 */
int			ppdl_numeral_sure(const PpdlNumerals *n, const char *s);

#endif
