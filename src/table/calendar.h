/*
 * Days of the (proleptic) Gregorian calendar as numbers, 0 for 1970-01-01; years 1 to 9999.
 */
#ifndef PPDL_TABLE_CALENDAR_H
#define PPDL_TABLE_CALENDAR_H

long		ppdl_day_number(int year, int month, int day);
/*
 * 1 when s is a day, blanks around it allowed.  format: as of strptime; NULL: 2026-01-31 (a time of day behind it is
 * left out), 2026/01/31 or 31.1.2026.
 */
int			ppdl_day_parse(const char *format, const char *s, long *day);
/* 2026-01-31 */
void		ppdl_day_print(char out[16], long day);
/* years from one day to another: whole ones from birthday to birthday (1 March for 29 February), and the part since */
double		ppdl_age(long born, long at);

#endif
