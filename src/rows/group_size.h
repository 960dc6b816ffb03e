/*
 * How many rows a sum, an average or second moments stand for, as far as their headers tell.
 */
#ifndef PPDL_ROWS_GROUP_SIZE_H
#define PPDL_ROWS_GROUP_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* rows that a total has to be of unless an owner says otherwise, and the most that one can ask for */
#define PPDL_MIN_COUNT 5
#define PPDL_MOST_MIN_COUNT 1000000000

/* bytes of a value that ppdl_group_size reads, or all of a shorter one */
#define PPDL_GROUP_HEAD 48

/*
 * The number of rows, or more where the header cannot be read so closely; INFINITY where it is not known, and for what
 * is no total of rows: a row of a table, packed rows.  Fewer than there are only of averages of rows that were
 * encrypted at a smaller scale than 2^30.  counted: what counts the rows beside it, or 0; believed where the header
 * agrees.
 *
 * Second moments state their rows as their bound.  A sum of n rows of scale D has bound*scale = n*D, its average too,
 * with D a power of two, 2^30 unless their owner chose another, and noise of PPDL_SIGMA*sqrt(n) at least: of rows that
 * were added one by one exactly that, of parts that were added (parallel plans, closed batches) or of switched keys
 * more.
 */
double		ppdl_group_size(const uint8_t *head, size_t n, double counted);

#endif
