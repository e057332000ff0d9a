import java.io.File;
import java.util.List;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.security.AuthenticationUser;
import org.apache.activemq.security.SimpleAuthenticationPlugin;

/** A broker that speaks AMQP on loopback, until it is killed: PORT FOLDER USER PASSWORD. */
public class Broker {
  public static void main(String[] arguments) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setBrokerName("selfsame");
    broker.setUseJmx(false);
    broker.setUseShutdownHook(false);
    broker.setDataDirectoryFile(new File(arguments[1]));
    AuthenticationUser user = new AuthenticationUser(arguments[2], arguments[3], "users");
    broker.setPlugins(new BrokerPlugin[] {new SimpleAuthenticationPlugin(List.of(user))});
    broker.addConnector("amqp://127.0.0.1:" + arguments[0]);
    broker.start();
    broker.waitUntilStarted();
    System.out.println("The broker listens.");
    broker.waitUntilStopped();
  }
}
