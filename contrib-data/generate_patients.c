/*
 * Writes 2,000 synthetic patients to standard output, in the columns of the
 * published osteoporosis risk table, and to standard error what they are worth:
 * the accuracy of the best possible classifier (the Bayes accuracy), from the
 * true probabilities the labels are drawn with.
 *
 * No patient and no row of any other data set stands behind these numbers; they
 * follow the model below and a fixed seed.  README.md describes the model.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS			2000
#define POPULATION		2000000		/* further draws, for the Bayes accuracy of the model itself */
#define SEED			UINT64_C(0x6f7374656f31)

typedef struct Patient
{
	int			id;
	int			age;
	int			female,
				postmenopausal,
				family_history;
	int			ethnicity;		/* index into ethnicities */
	int			underweight,
				low_calcium,
				insufficient_vitamin_d,
				sedentary,
				smoking,
				alcohol;
	int			condition;		/* index into conditions */
	int			corticosteroids,
				prior_fractures;
	double		probability;	/* of osteoporosis, given all of the above */
	int			osteoporosis;
} Patient;

static const char *const ethnicities[] = {"African American", "Asian", "Caucasian"};
static const char *const conditions[] = {"None", "Hyperthyroidism", "Rheumatoid Arthritis"};

/* xorshift64*: ample for synthetic data, and the same on every machine */
static uint64_t random_state = SEED;

static uint64_t
random_bits(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* uniform in [0, 1) */
static double
uniform(void)
{
	return (double) (random_bits() >> 11) * 0x1p-53;
}

static int
chance(double p)
{
	return uniform() < p;
}

static int
between(int low, int high)
{
	return low + (int) (uniform() * (high - low + 1));
}

/*
 * The true risk.  Age carries about half of the signal; the rest is spread over
 * the other columns, with two interactions: steroids weigh more in old age, and
 * lack of vitamin D weighs more with little calcium.
 */
static double
probability(const Patient *p)
{
	double		decades = (p->age - 54) / 10.0;
	double		risk = -6.9;

	risk += 0.95 * decades;
	risk += 2.4 * p->postmenopausal;
	risk += 0.5 * p->female;
	risk += 1.7 * p->family_history;
	risk += p->ethnicity == 0 ? -0.7 : p->ethnicity == 1 ? 0.3 : 0;
	risk += 1.3 * p->underweight;
	risk += 1.9 * p->low_calcium;
	risk += 0.7 * p->insufficient_vitamin_d;
	risk += 0.8 * p->low_calcium * p->insufficient_vitamin_d;
	risk += 1.7 * p->sedentary;
	risk += 0.9 * p->smoking;
	risk += 0.5 * p->alcohol;
	risk += p->condition == 1 ? 0.9 : p->condition == 2 ? 1.2 : 0;
	risk += (1.8 + 0.25 * decades) * p->corticosteroids;
	risk += 2.3 * p->prior_fractures;
	return 1 / (1 + exp(-risk));
}

static void
draw(Patient *p)
{
	p->age = between(18, 90);
	p->female = chance(0.6);
	p->postmenopausal = p->female && chance(p->age < 42 ? 0.03 : p->age < 56 ? 0.1 + 0.06 * (p->age - 42) : 0.97);
	p->family_history = chance(0.4);
	p->ethnicity = between(0, 2);
	p->underweight = chance(0.3);
	p->low_calcium = chance(0.45);
	p->insufficient_vitamin_d = chance(p->low_calcium ? 0.6 : 0.35);
	p->sedentary = chance(0.35 + 0.003 * (p->age - 18));
	p->smoking = chance(0.35);
	p->alcohol = chance(p->smoking ? 0.55 : 0.4);
	p->condition = chance(0.4) ? between(1, 2) : 0;
	p->corticosteroids = chance(p->condition == 2 ? 0.6 : 0.25);
	p->prior_fractures = chance(0.15 + 0.005 * (p->age - 18));
	p->probability = probability(p);
	p->osteoporosis = chance(p->probability);
}

static const char *
yes_no(int flag)
{
	return flag ? "Yes" : "No";
}

static void
print(const Patient *p)
{
	printf("%d,%d,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%d\n",
		   p->id, p->age,
		   p->female ? "Female" : "Male",
		   p->postmenopausal ? "Postmenopausal" : "Normal",
		   yes_no(p->family_history),
		   ethnicities[p->ethnicity],
		   p->underweight ? "Underweight" : "Normal",
		   p->low_calcium ? "Low" : "Adequate",
		   p->insufficient_vitamin_d ? "Insufficient" : "Sufficient",
		   p->sedentary ? "Sedentary" : "Active",
		   yes_no(p->smoking),
		   p->alcohol ? "Moderate" : "None",
		   conditions[p->condition],
		   p->corticosteroids ? "Corticosteroids" : "None",
		   yes_no(p->prior_fractures),
		   p->osteoporosis);
}

int
main(void)
{
	Patient		p = {0};
	double		best = 0,
				best_rows;
	int			positive = 0;
	int			hits = 0;

	puts("Id,Age,Gender,Hormonal Changes,Family History,Race/Ethnicity,Body Weight,Calcium Intake,Vitamin D Intake,"
		 "Physical Activity,Smoking,Alcohol Consumption,Medical Conditions,Medications,Prior Fractures,Osteoporosis");
	for (int i = 0; i < ROWS; i++)
	{
		p.id = 100001 + i;
		draw(&p);
		print(&p);
		best += fmax(p.probability, 1 - p.probability);
		hits += (p.probability > 0.5) == p.osteoporosis;
		positive += p.osteoporosis;
	}
	if (fflush(stdout) != 0 || ferror(stdout))
	{
		perror("generate_patients");
		return EXIT_FAILURE;
	}
	best_rows = best / ROWS;

	best = 0;
	for (int i = 0; i < POPULATION; i++)
	{
		draw(&p);
		best += fmax(p.probability, 1 - p.probability);
	}
	fprintf(stderr, "rows=%d\npositive=%d\n", ROWS, positive);
	fprintf(stderr, "bayes_accuracy=%.4f\n", best / POPULATION);
	fprintf(stderr, "expected_on_these_rows=%.4f\nachieved_on_these_rows=%.4f\n", best_rows, (double) hits / ROWS);
	return EXIT_SUCCESS;
}
