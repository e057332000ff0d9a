package library;

/** Comes as a jar in `lib` of the package. */
public final class Greeting {
  // Not a constant: the compiler would copy it into whoever reads it.
  public static final String TEXT = String.valueOf("from a library");

  private Greeting() {}
}
