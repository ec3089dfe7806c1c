// This file is here so that functions of package runtime can be declared without bodies.
