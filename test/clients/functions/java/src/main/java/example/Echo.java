package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.LinkedHashMap;
import java.util.Map;

/** An echo for AWS's own client for Java, and the ways in which a function fails. */
public final class Echo implements RequestHandler<Map<String, Object>, Object> {
  @Override
  public Object handleRequest(Map<String, Object> event, Context context) {
    switch (String.valueOf(event.get("action"))) {
      case "error":
        throw new IllegalStateException("as asked");
      case "exit":
        Runtime.getRuntime().halt(3);
        return null;
      case "sleep":
        return sleep();
      case "context":
        return describe(context);
      default:
        System.out.println("echo " + context.getAwsRequestId());
        return event;
    }
  }

  private static Object sleep() {
    try {
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  private static Map<String, Object> describe(Context context) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("requestId", context.getAwsRequestId());
    answer.put("arn", context.getInvokedFunctionArn());
    answer.put("deadlineMs", System.currentTimeMillis() + context.getRemainingTimeInMillis());
    answer.put("traceId", System.getProperty("com.amazonaws.xray.traceHeader"));
    answer.put("custom", context.getClientContext() == null ? null : context.getClientContext().getCustom());
    answer.put("functionName", context.getFunctionName());
    answer.put("memoryMb", context.getMemoryLimitInMB());
    return answer;
  }
}
