/* Bytes as hexadecimal digits. */
#ifndef PPDL_BASE_HEX_H
#define PPDL_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* out: 2 * len lower-case digits and a zero */
void		ppdl_hex_write(char *out, const uint8_t *in, size_t len);
/* value of a digit of either case; -1: it is none */
int			ppdl_hex_digit(char c);
/* len bytes of 2 * len digits as they are written; 0 where a character is none, and out may hold a part */
int			ppdl_hex_read(uint8_t *out, const char *digits, size_t len);
/* the same of digits of either case, as people type them */
int			ppdl_hex_read_typed(uint8_t *out, const char *digits, size_t len);

#endif
