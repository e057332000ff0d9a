package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the tests of the Java runtimes ask a function. */
public final class Handler implements RequestHandler<Map<String, Object>, Object> {
  private static int count;

  @Override
  public Object handleRequest(Map<String, Object> event, Context context) {
    switch (String.valueOf(event.get("what"))) {
      case "echo":
        return event;
      case "raises":
        throw new IllegalStateException("as asked");
      case "sleep":
        return sleep();
      case "context":
        return describe(context);
      case "arguments":
        return ManagementFactory.getRuntimeMXBean().getInputArguments();
      case "heap":
        return Runtime.getRuntime().maxMemory();
      case "version":
        return System.getProperty("java.specification.version");
      case "temporary":
        return new java.io.File("/tmp").list();
      case "library":
        return library.Greeting.TEXT;
      case "secure":
        return secure();
      case "count":
        return ++count;
      case "log":
        context.getLogger().log("from the logger\n");
        System.out.println("from stdout");
        return "logged";
      default:
        return null;
    }
  }

  /** A method that no interface names. */
  public String greet(Map<String, Object> event) {
    return "hello " + event.get("name");
  }

  private static Object sleep() {
    try {
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /** Needs the settings and the certificates that belong to Java. */
  private static Object secure() {
    try {
      return javax.net.ssl.SSLContext.getDefault().getProtocol();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> describe(Context context) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", context.getAwsRequestId());
    answer.put("arn", context.getInvokedFunctionArn());
    answer.put("name", context.getFunctionName());
    answer.put("version", context.getFunctionVersion());
    answer.put("memory", context.getMemoryLimitInMB());
    answer.put("group", context.getLogGroupName());
    answer.put("left", context.getRemainingTimeInMillis());
    answer.put("custom", context.getClientContext() == null ? null : context.getClientContext().getCustom());
    return answer;
  }
}
