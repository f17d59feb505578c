package main

/*
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int standard_error = -1;

// go-xla logs an error when its package is initialized without HOME or with an empty one, which is before any Go code of this program and
// says nothing of use: plugins are found by their paths.
__attribute__((constructor)) static void hush(void) {
	const char *home = getenv("HOME");
	int null;
	if ((home != NULL && *home != 0) || (null = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return;
	if ((standard_error = fcntl(2, F_DUPFD_CLOEXEC, 3)) >= 0)
		dup2(null, 2);
	close(null);
}

static void speak(void) {
	if (standard_error >= 0) {
		dup2(standard_error, 2);
		close(standard_error);
	}
}
*/
import "C"

func init() { C.speak() }
